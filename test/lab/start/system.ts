import type { ChainId } from '@meridian/tezos';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { programOf, startProgram, type Child } from '../child.ts';
import type { Wish } from './arguments.ts';
import { keysOf, newWorkshop, provisionFirstUse, SITE, type Workshop } from './workshop.ts';

/** The whole system on this machine: a chain with five edge nodes, two signers on one watermark, endorsers. */
export type System = {
  readonly workshop: Workshop;
  readonly control: string;
  readonly signers: readonly string[];
  readonly nodes: readonly { readonly name: string; readonly url: string }[];
  /** What the endorsers are called. */
  readonly endorsers: readonly string[];
  /** kill -9, and start again. */
  readonly strike: (name: string) => void;
  /** The signer that holds the watermark. */
  readonly holder: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

/** Seconds before the chain begins, in which daemons get ready: some, and more for each endorser. */
const START_IN = 1;

/** What a system is made of; how long it runs is the business of who started it. */
export type SystemWish = Omit<Wish, 'levels' | 'json'>;

/**
 * @param told gets each line that a daemon logs, under the daemon's name
 * @param endorserAt the program of an endorser, from 0
 */
export async function startSystem(
  wish: SystemWish,
  told: (line: string, name: string) => void,
  endorserAt: (at: number) => string = () => programOf('endorser'),
): Promise<System> {
  const workshop = newWorkshop(wish.keys, wish.curves);
  process.once('exit', workshop.remove);
  const children = new Map<string, Child>();
  let stopping = false;
  const start: Start = (program, args, name) => {
    const child = startProgram(program, args, name, line => told(line, name));
    children.set(name, child);
    child.ready.catch(() => undefined);
    void child.ended.then(() => {
      // Whatever ends is started again, as a supervisor would.
      if (!stopping && name !== 'sandbox') start(program, args, name);
    });
    return child;
  };
  const stop = async (): Promise<void> => {
    stopping = true;
    for (const child of children.values()) child.kill('SIGTERM');
    await Promise.all([...children.values()].map(({ ended }) => ended));
  };
  try {
    const { nodes, control } = await startSandbox(wish, workshop, start);
    const chainId = (await json(`${nodes[0]?.url ?? ''}/chains/main/chain_id`)) as ChainId;
    await provisionFirstUse(workshop, chainId);
    const signers = await startSigners(workshop, chainId, start);
    const endorsers = namesOf(wish);
    await Promise.all(
      endorsers.map((name, at) =>
        startEndorser(wish, workshop, { chainId, nodes, signers, name }, endorserAt(at), start),
      ),
    );
    const urls = signers.map(({ url }) => url);
    return {
      ...{ workshop, control, nodes, endorsers, stop },
      signers: urls,
      strike: name => children.get(name)?.kill('SIGKILL'),
      holder: async () => {
        for (const { name, operations } of signers) {
          const status = (await json(`${operations}/status`).catch(() => ({}))) as {
            holdsStore?: boolean;
          };
          if (status.holdsStore === true) return name;
        }
        return 'signer1';
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Start = (program: string, args: readonly string[], name: string) => Child;
type Signer = { readonly name: string; readonly url: string; readonly operations: string };

/** What a key of several stakes; the robots together stake six times as much as all keys. */
const STAKE = 10;

function startedIn(): string {
  return process.env['INIT_CWD'] ?? process.cwd();
}

async function startSandbox(
  { protocol, blockTime, seed, faults, scenario, endorsers }: SystemWish,
  { keys, write }: Workshop,
  start: Start,
): Promise<Pick<System, 'nodes' | 'control'>> {
  const guests = keys.map(({ publicKey }) => `${publicKey}:${STAKE.toString()}\n`);
  const fixed = [
    '--guests-file',
    write('guests', guests.join('')),
    '--start-in',
    (START_IN + endorsers).toString(),
  ];
  const stake = ['--robot-stake', (STAKE * keys.length).toString()];
  // The lottery would leave most of many keys without a right; this way each votes at every level.
  const everybody = keys.length > 1 && protocol !== '023' ? ['--all-bakers-attest'] : [];
  const chain = ['--protocol', protocol, '--block-time', blockTime, '--seed', seed];
  const scripted = faults.flatMap(fault => ['--fault', fault]);
  // npm changes to the folder of its package.json.
  const asked = scenario === undefined ? [] : ['--scenario', resolve(startedIn(), scenario)];
  const args = [...fixed, ...stake, ...everybody, ...chain, ...scripted, ...asked];
  return (await start(programOf('sandbox'), args, 'sandbox').ready) as unknown as Pick<
    System,
    'nodes' | 'control'
  >;
}

async function startSigners(
  workshop: Workshop,
  chainId: ChainId,
  start: Start,
): Promise<readonly Signer[]> {
  const signers: Signer[] = [];
  for (const name of ['signer1', 'signer2']) {
    const [port, operationsPort] = [await freePort(), await freePort()];
    const config = workshop.configure(name, {
      site: SITE,
      chains: [chainId],
      listen: { port },
      operations: { port: operationsPort },
      store: workshop.store,
      journal: workshop.journal,
      keys: keysOf(workshop),
    });
    await start(programOf('signer'), ['--config', config], name).ready;
    const host = 'http://127.0.0.1:';
    signers.push({
      name,
      url: `${host}${port.toString()}`,
      operations: `${host}${operationsPort.toString()}`,
    });
  }
  return signers;
}

/** What an endorser is called, and what it is between. */
type Surroundings = {
  readonly name: string;
  readonly chainId: ChainId;
  readonly nodes: System['nodes'];
  readonly signers: readonly Signer[];
};

function namesOf({ endorsers }: SystemWish): readonly string[] {
  return Array.from({ length: endorsers }, (_, at) => `endorser${(at + 1).toString()}`);
}

async function startEndorser(
  { record, endorsers }: SystemWish,
  workshop: Workshop,
  { chainId, nodes, signers, name }: Surroundings,
  program: string,
  start: Start,
): Promise<void> {
  const config = workshop.configure(name, {
    chainId,
    nodes,
    signers: signers.map(({ url }) => url),
    keys: workshop.keys.map(({ pkh }) => pkh),
    operations: { port: 0 },
    ...(record !== undefined && {
      // Each endorser has a folder of its own.
      record: resolve(startedIn(), record, endorsers > 1 ? name : ''),
    }),
  });
  await start(program, ['--config', config], name).ready;
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).json();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
