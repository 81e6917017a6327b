import type { Mutant } from './mutant.ts';

/** What apps/signer answers over HTTP, broken one line at a time. */
export const SIGNER_HTTP_MUTANTS: readonly Mutant[] = [
  {
    rule: '§4.6',
    why: 'a body may have any length',
    file: 'http.ts',
    find: 'limit: BODY_CHARACTERS_MAX + 1,',
    replace: "limit: '100mb',",
  },
  {
    rule: '§4.3',
    why: 'a body of the longest length is refused',
    file: 'http.ts',
    find: 'limit: BODY_CHARACTERS_MAX + 1,',
    replace: 'limit: BODY_CHARACTERS_MAX - 1,',
  },
  {
    rule: '§4.6',
    why: 'a compressed body is opened',
    file: 'http.ts',
    find: 'inflate: false }));',
    replace:
      "inflate: true }));\n  app.use((request, _response, next) => {\n    delete request.headers['content-encoding'];\n    next();\n  });",
  },
  {
    rule: 9,
    why: 'what is no request is answered',
    file: 'http.ts',
    find: 'const outcome = parsed.ok ? answer(parts, parsed.value) : Promise.resolve(parsed);',
    replace:
      'const outcome = parsed.ok\n      ? answer(parts, parsed.value)\n      : Promise.resolve(ok(authorizedKeys(null)));',
  },
  {
    rule: 9,
    why: 'a refusal is answered like a success',
    file: 'http.ts',
    find: '        const { status, headers, body } = result.ok\n          ? renderAnswer(result.value)\n          : renderProblem(result.error);',
    replace:
      "        const { status, headers, body } = renderAnswer(\n          result.ok ? result.value : { signature: '' as never },\n        );",
  },
  {
    rule: '§4.6',
    why: 'a mistake of ours leaves the asker waiting',
    file: 'http.ts',
    find: '.catch(next);',
    replace: '.catch(() => undefined);',
  },
  {
    rule: '§4.3',
    why: 'a mistake of ours is told as a malformed body',
    file: 'http.ts',
    find: 'error.status === undefined\n',
    replace: 'error.status === 0\n',
  },
  {
    rule: '§4.6',
    why: 'a mistake of ours is told with its insides',
    file: 'http.ts',
    find: '  app.use(refuseBody);\n',
    replace: '',
  },
  {
    rule: '§4.3',
    why: 'a body that is too long is told as a malformed one',
    file: 'http.ts',
    find: 'error.status === 413',
    replace: 'error.status === 414',
  },
  {
    rule: '§4.3',
    why: 'a compressed body is told as a malformed one',
    file: 'http.ts',
    find: 'error.status === 415',
    replace: 'error.status === 416',
  },
  {
    rule: 9,
    why: 'a proof of possession is made of whatever is asked',
    file: 'http.ts',
    find: "      return err(protocolProblem('not_allowed', 'a proof of possession is made offline'));",
    replace: "      return ok({ signature: '' as never });",
  },
  {
    rule: 3,
    why: 'the bytes of one request are signed under the first key',
    file: 'http.ts',
    find: 'return parts.sign(request.pkh, request.bytes);',
    replace: 'return parts.sign(keystore.keys()[0]?.pkh ?? request.pkh, request.bytes);',
  },
  {
    rule: '§4.3',
    why: 'without a store there are no marks',
    file: 'http.ts',
    find: "if (open === undefined) return err(protocolProblem('store_unavailable'));",
    replace: 'if (open === undefined) return ok({ marks: [] });',
  },
  {
    rule: '§4.3',
    why: 'a key that is not held is told as the first one',
    file: 'http.ts',
    find: 'keystore.keys().find(({ pkh }) => pkh === request.pkh);',
    replace: 'keystore.keys()[0];',
  },
];
