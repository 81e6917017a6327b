import { instant, type Clock } from '@meridian/prelude';
import type { SandboxChain } from '@meridian/sandbox-chain';
import { startControl } from './control.ts';
import { startDriver } from './driver.ts';
import { startEdgeNode, type EdgeNode } from './edge-node.ts';
import { SandboxError } from './errors.ts';
import { WELL, type Condition, type Moment, type ScriptedFault } from './faults.ts';
import { createScoreboard, type Summary } from './scoreboard.ts';

/** A sandbox that runs. */
export type Sandbox = {
  readonly nodes: readonly EdgeNode[];
  readonly controlUrl: string;
  readonly summary: () => Summary;
  /** Done when somebody has stopped it. */
  readonly stopped: Promise<void>;
  /** Ends every connection at once. */
  readonly close: () => Promise<void>;
};

/** How a sandbox is set up. */
export type SandboxOptions = {
  readonly nodes: number;
  /** The port of the first node, the next for the next; 0 takes any. */
  readonly portBase: number;
  readonly controlPort: number;
  readonly faults: readonly ScriptedFault[];
  readonly now?: Clock;
};

/**
 * Puts edge nodes in front of a chain and lets it run.
 * @throws SandboxError `misused` for a fault of a node that is not there, `port_taken`
 */
export async function startSandbox(chain: SandboxChain, options: SandboxOptions): Promise<Sandbox> {
  const now = options.now ?? realTime();
  const names = Array.from({ length: options.nodes }, (_, at) => `node${at + 1}`);
  const strange = options.faults.find(({ node }) => !names.includes(node));
  if (strange !== undefined) {
    throw new SandboxError('misused', `there is no ${strange.node}, only ${names.join(', ')}`);
  }
  const hooks = { injected: (): void => undefined };
  const nodes: EdgeNode[] = [];
  const scoreboard = createScoreboard(chain);
  let stop = (): void => undefined;
  const stopped = new Promise<void>(resolve => {
    stop = resolve;
  });
  const closing: (() => Promise<void>)[] = [];
  const endings: (() => void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0)) end();
    await Promise.all(closing.splice(0).map(one => one()));
    stop();
  };
  try {
    for (const [at, name] of names.entries()) {
      const port = options.portBase === 0 ? 0 : options.portBase + at;
      const injected = (): void => {
        hooks.injected();
      };
      const node = await startEdgeNode(chain, { name, port, now, injected });
      nodes.push(node);
      closing.push(node.close);
    }
    const control = await startControl({
      port: options.controlPort,
      nodes,
      scoreboard,
      stop: () => void close(),
    });
    closing.push(control.close);
    const play = playFaults(options.faults, nodes);
    endings.push(play.stop);
    const driver = startDriver(chain, now, events => {
      play.reached(chain.head().level);
      for (const node of nodes) node.deliver(events);
      scoreboard.update();
    });
    hooks.injected = driver.catchUp;
    endings.push(driver.stop);
    return { nodes, controlUrl: control.url, summary: scoreboard.summary, stopped, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The time of this machine; it never goes back. */
function realTime(): Clock {
  let last = 0;
  return () => {
    last = Math.max(last, Date.now());
    return instant(last);
  };
}

/** Faults that come and go; it is told which level the head is at. */
type FaultPlay = { readonly reached: (level: number) => void; readonly stop: () => void };

function playFaults(faults: readonly ScriptedFault[], nodes: readonly EdgeNode[]): FaultPlay {
  const timers: NodeJS.Timeout[] = [];
  let ofLevels: { readonly level: number; readonly act: () => void }[] = [];
  const note = (when: Moment, act: () => void): void => {
    if ('ms' in when) timers.push(setTimeout(act, when.ms));
    else ofLevels.push({ level: when.level, act });
  };
  for (const { node: name, ailment, from, until } of faults) {
    const node = nodes.find(each => each.name === name);
    const change = (condition: Condition): void => {
      node?.suffer(condition).catch((error: unknown) => {
        process.stderr.write(`${name}: ${error instanceof Error ? error.message : 'unknown'}\n`);
      });
    };
    note(from, () => {
      change(ailment);
    });
    if (until === null) continue;
    note(until, () => {
      change(WELL);
    });
  }
  return {
    reached: level => {
      const due = ofLevels.filter(each => each.level <= level);
      ofLevels = ofLevels.filter(each => each.level > level);
      for (const { act } of due.toSorted((one, other) => one.level - other.level)) act();
    },
    stop: () => {
      timers.forEach(timer => {
        clearTimeout(timer);
      });
    },
  };
}
