export { AILMENTS, type Ailment, type AilmentKind } from './ailments.ts';
export { CURVES, FAULTS, type Curve, type Fault, type Simulation, type Spell } from './options.ts';
export type { SimulationResult } from './result.ts';
export { simulate } from './world.ts';
