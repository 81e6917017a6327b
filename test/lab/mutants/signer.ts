import type { Mutant } from './mutant.ts';
import { SIGNER_ADMIN_MUTANTS } from './signer-admin.ts';
import { SIGNER_ADMIN_PARTS_MUTANTS } from './signer-admin-parts.ts';
import { SIGNER_AUDIT_MUTANTS } from './signer-audit.ts';
import { SIGNER_BREAK_GLASS_MUTANTS } from './signer-break-glass.ts';
import { SIGNER_DOUBTS_MUTANTS } from './signer-doubts.ts';
import { SIGNER_IDENTIFY_MUTANTS } from './signer-identify.ts';
import { SIGNER_HTTP_MUTANTS } from './signer-http.ts';
import { SIGNER_SOCKET_MUTANTS } from './signer-socket.ts';
import { SIGNER_PARTS_MUTANTS } from './signer-parts.ts';

/** The sign route of apps/signer, broken one line at a time. */
export const SIGNER_MUTANTS: readonly Mutant[] = [
  {
    rule: 3,
    why: 'equal requests do not share their outcome',
    file: 'sign.ts',
    find: "    if (running !== undefined) return subject.kind === 'block' ? patiently(running) : running;\n",
    replace: '',
  },
  {
    rule: 3,
    why: 'requests of two keys over the same bytes share their outcome',
    file: 'sign.ts',
    find: 'const name = `${pkh}/${toHex(bytes)}`;',
    replace: 'const name = toHex(bytes);',
  },
  {
    rule: 3,
    why: 'requests of a key share their outcome whatever they ask for',
    file: 'sign.ts',
    find: 'const name = `${pkh}/${toHex(bytes)}`;',
    replace: 'const name = pkh;',
  },
  {
    rule: 3,
    why: 'requests for the first half of the same bytes share their outcome',
    file: 'sign.ts',
    find: 'const name = `${pkh}/${toHex(bytes)}`;',
    replace: 'const name = `${pkh}/${toHex(bytes).slice(0, 60)}`;',
  },
  {
    rule: 9,
    why: 'an outcome is remembered for ever',
    file: 'sign.ts',
    find: '.finally(() =>\n      underWay.delete(name),\n    );',
    replace: ';',
  },
  {
    rule: 4,
    why: 'what is under way is not remembered',
    file: 'sign.ts',
    find: '    underWay.set(name, outcome);\n',
    replace: '',
  },
  {
    rule: 3,
    why: 'bytes may change while the store is asked',
    file: 'sign.ts',
    find: 'const bytes = Uint8Array.from(given);',
    replace: 'const bytes = given;',
  },
  {
    rule: '§4.3',
    why: 'a second request for a block waits for ever',
    file: 'sign.ts',
    find: "subject.kind === 'block' ? patiently(running) : running",
    replace: 'running',
  },
  {
    rule: 3,
    why: 'nothing is handed out again from memory',
    file: 'sign.ts',
    find: 'released.get(name);',
    replace: 'released.get(asked.pkh);',
  },
  {
    rule: 3,
    why: 'what is never signed reaches the store',
    file: 'sign.ts',
    find: '  if (forbidden !== undefined) return refuse(forbidden);\n',
    replace: '',
  },
  {
    rule: 9,
    why: 'without a store the vault is asked all the same',
    file: 'sign.ts',
    find: "if (guard === undefined) return refuse(protocolProblem('store_unavailable'));",
    replace:
      'if (guard === undefined)\n    return ok({ signature: await parts.keystore.sign(pkh, asked.bytes) });',
  },
  {
    rule: 5,
    why: 'a row that this signer was never told of is used',
    file: 'sign.ts',
    find: "if (known === undefined) return err({ code: 'unknown_row' });",
    replace:
      "if (known === undefined)\n    return ok({\n      known: { seq: 0 } as Row,\n      request: signRequest(pkh, bytes, { site, epoch: 1, incarnation: 'first', generation: 0 }, null),\n    });",
  },
  {
    rule: 5,
    why: 'a row that stands by for all that is known here is asked for',
    file: 'sign.ts',
    find: "  if (known.mode !== 'active') return err({ code: known.mode });\n",
    replace: '',
  },
  {
    rule: 5,
    why: 'the site is that of the row, not that of the signer',
    file: 'sign.ts',
    find: 'signRequest(pkh, bytes, { site, epoch, incarnation, generation }, seq)',
    replace: 'signRequest(pkh, bytes, { site: known.site, epoch, incarnation, generation }, seq)',
  },
  {
    rule: 8,
    why: 'the store is not told what was seen of it',
    file: 'sign.ts',
    find: '{ site, epoch, incarnation, generation }, seq),',
    replace: '{ site, epoch, incarnation, generation }, null),',
  },
  {
    rule: 6,
    why: 'the horizon is not looked at',
    file: 'sign.ts',
    find: 'doubts.of({ chainId, pkh }) ?? horizonRefusal(journal.horizon(chainId), level, now());',
    replace:
      'doubts.of({ chainId, pkh }) ?? (level < 0 ? horizonRefusal(journal.horizon(chainId), level, now()) : undefined);',
  },
  {
    rule: 8,
    why: 'a key that is in doubt goes on',
    file: 'sign.ts',
    find: 'doubts.of({ chainId, pkh }) ?? horizonRefusal',
    replace: 'horizonRefusal',
  },
  {
    rule: 9,
    why: 'the vault is asked though the watermark refused',
    file: 'sign.ts',
    find: 'if (!permitted.ok) return refuse(refusalProblem(permitted.error));',
    replace:
      'if (!permitted.ok) {\n      await parts.keystore.sign(pkh, asked.bytes);\n      return refuse(refusalProblem(permitted.error));\n    }',
  },
  {
    rule: 9,
    why: 'a refusal is told and the signature given',
    file: 'sign.ts',
    find: 'if (!permitted.ok) return refuse(refusalProblem(permitted.error));',
    replace:
      'if (!permitted.ok) {\n      tell(permitted.error.code);\n      return ok({ signature: await parts.keystore.sign(pkh, asked.bytes) });\n    }',
  },
  {
    rule: 2,
    why: 'the vault is asked before the mark is durable',
    file: 'sign.ts',
    find: '    const permitted = await permissionFor(parts, guard, asked);\n',
    replace:
      '    const early = await parts.keystore.sign(pkh, asked.bytes);\n    parts = { ...parts, keystore: { sign: () => Promise.resolve(early) } };\n    const permitted = await permissionFor(parts, guard, asked);\n',
  },
  {
    rule: 2,
    why: 'the vault is asked while the mark is being written',
    file: 'sign.ts',
    find: '    const permitted = await permissionFor(parts, guard, asked);\n',
    replace:
      '    const writing = permissionFor(parts, guard, asked);\n    const early = await parts.keystore.sign(pkh, asked.bytes);\n    parts = { ...parts, keystore: { sign: () => Promise.resolve(early) } };\n    const permitted = await writing;\n',
  },
  {
    rule: 4,
    why: 'a stored signature is not looked at',
    file: 'sign.ts',
    find: 'if (stored !== null) return release',
    replace: "if (stored === '') return release",
  },
  {
    rule: 4,
    why: 'a block without a stored signature is given to the vault again',
    file: 'sign.ts',
    find: 'if (!permitted.ok) return refuse(refusalProblem(permitted.error));',
    replace:
      "if (!permitted.ok) {\n      if (permitted.error.code === 'block_spent')\n        return ok({ signature: await parts.keystore.sign(pkh, asked.bytes) });\n      return refuse(refusalProblem(permitted.error));\n    }",
  },
  {
    rule: 4,
    why: 'a block that another signer was permitted is given up at once',
    file: 'sign.ts',
    find: ' && ms < BLOCK_WAIT_MAX_MS',
    replace: ' && ms < 0',
  },
  {
    rule: 9,
    why: 'a store that fails permits',
    file: 'sign.ts',
    find: "    return refuse(protocolProblem('store_unavailable', STORE_ERRORS[error.code]), error.code);",
    replace: '    return ok({ signature: await parts.keystore.sign(pkh, asked.bytes) });',
  },
  {
    rule: '§4.6',
    why: 'what the store throws is thrown on',
    file: 'sign.ts',
    find: 'if (!(error instanceof StoreError)) throw error;',
    replace: "if (!(error instanceof StoreError) || error.code === 'unavailable') throw error;",
  },
  {
    rule: '§4.6',
    why: 'a mistake of ours passes for a state of the store',
    file: 'sign.ts',
    find: 'if (!(error instanceof StoreError)) throw error;',
    replace:
      "if (!(error instanceof StoreError)) return refuse(protocolProblem('store_unavailable'));",
  },
  {
    rule: '§4.6',
    why: 'the words of the store reach a client',
    file: 'sign.ts',
    find: 'STORE_ERRORS[error.code]',
    replace: 'error.message',
  },
  {
    rule: 8,
    why: 'what a permission says of its row is not remembered',
    file: 'sign.ts',
    find: '    journal.noteSoon(row);\n',
    replace: '',
  },
  {
    rule: 8,
    why: 'a refusal about the store leaves no doubt',
    file: 'sign.ts',
    find: '  if (!outcome.ok) doubts.note(known, outcome.error);\n',
    replace: '',
  },
  {
    rule: '§4.3',
    why: 'what becomes of a request is not told',
    file: 'sign.ts',
    find: '    tell(outcome);\n',
    replace: '',
  },
  {
    rule: '§4.3',
    why: 'a refusal is not told',
    file: 'sign.ts',
    find: '    tell(problem.code, code);\n',
    replace: '',
  },
  {
    rule: 8,
    why: 'a permission that contradicts the journal is one',
    file: 'sign.ts',
    find: '    if (doubt !== undefined) return err(doubt);\n',
    replace: '',
  },
  {
    rule: 8,
    why: 'what contradicts the journal latches nothing',
    file: 'sign.ts',
    find: '  await latchDoubted(store, known);\n',
    replace: '',
  },
  {
    rule: 8,
    why: 'what contradicts the journal leaves no doubt',
    file: 'sign.ts',
    find: '  doubts.note(known, refusal, row);\n  await',
    replace: '  await',
  },
  {
    rule: 8,
    why: 'a refusal tells nothing of its row',
    file: 'sign.ts',
    find: 'outcome.ok ? outcome.value.row : outcome.error.row',
    replace: 'outcome.ok ? outcome.value.row : undefined',
  },
  {
    rule: 4,
    why: 'a journal that cannot be written spends a block',
    file: 'sign.ts',
    find: '    guard.journal.probe();\n',
    replace: '',
  },
  {
    rule: '§4.6',
    why: 'what the store failed with is not told',
    file: 'sign.ts',
    find: 'round, outcome, ...(code && { code }) }',
    replace: 'round, outcome }',
  },
  ...SIGNER_PARTS_MUTANTS,
  ...SIGNER_DOUBTS_MUTANTS,
  ...SIGNER_HTTP_MUTANTS,
  ...SIGNER_SOCKET_MUTANTS,
  ...SIGNER_ADMIN_MUTANTS,
  ...SIGNER_ADMIN_PARTS_MUTANTS,
  ...SIGNER_BREAK_GLASS_MUTANTS,
  ...SIGNER_AUDIT_MUTANTS,
  ...SIGNER_IDENTIFY_MUTANTS,
];
