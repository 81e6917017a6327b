import { join } from 'node:path';
import {
  createCompilerHost,
  createProgram,
  createSourceFile,
  flattenDiagnosticMessageText,
  parseJsonConfigFileContent,
  readConfigFile,
  sys,
  type Program,
  type SourceFile,
} from 'typescript';

const ROOT = join(import.meta.dirname, '../../..');
const told = readConfigFile(join(ROOT, 'tsconfig.json'), path => sys.readFile(path)) as {
  readonly config: unknown;
};
// A mutant may leave behind what it no longer uses.
const unused = { noUnusedLocals: false, noUnusedParameters: false };
const options = { ...parseJsonConfigFileContent(told.config, sys, ROOT).options, ...unused };

/** What was read and checked once serves every mutant after the first. */
const files = new Map<string, SourceFile | undefined>();
let last: Program | undefined;

/** What the compiler says of a file if this were its text. */
export function complaintsAbout(path: string, text: string): readonly string[] {
  const host = createCompilerHost(options, true);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) => {
    if (name === path) return createSourceFile(name, text, version, true);
    if (!files.has(name)) files.set(name, read(name, version));
    return files.get(name);
  };
  last = createProgram([path], options, host, last);
  const source = last.getSourceFile(path);
  const found = [...last.getSyntacticDiagnostics(source), ...last.getSemanticDiagnostics(source)];
  return found.map(({ messageText }) => flattenDiagnosticMessageText(messageText, '\n'));
}
