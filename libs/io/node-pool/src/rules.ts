/** What a pool decides, without a socket: a simulation of nodes decides by the same rules. */
export { failure, readInjectionAnswer, type InjectionOutcome } from './injection-outcome.ts';
export { pauseAfter, type Ending } from './pause.ts';
export { injectUntilTaken, type InjectionAnswer } from './reinjection.ts';
