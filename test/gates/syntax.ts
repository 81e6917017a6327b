import { posix } from 'node:path';
import ts from 'typescript';
import type { TextFile } from './files.ts';

/** Reads source text: what the checks need to know of it, and no types, so that it takes milliseconds. */

const parsed = new WeakMap<TextFile, ts.SourceFile>();

/** Whether a file is code of ours. */
export const isCode = ({ path }: TextFile): boolean => /\.(ts|mjs|js)$/.test(path);

/** Whether a file is a test beside sources or in test/. */
export const isTest = ({ path }: TextFile): boolean => path.endsWith('.test.ts');

function parse(file: TextFile): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  parsed.set(file, source);
  return source;
}

function nodesOf(file: TextFile): readonly ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** A piece of source by its first line and its length in lines. */
export type Piece = { readonly name: string; readonly line: number; readonly lines: number };

/** Every function with a body, inner ones included. */
export function functionsOf(file: TextFile): readonly Piece[] {
  const source = parse(file);
  const lineAt = (position: number): number =>
    source.getLineAndCharacterOfPosition(position).line + 1;
  return nodesOf(file)
    .filter(node => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined)
    .filter(node => !isContents(node))
    .map(node => {
      const line = lineAt(node.getStart());
      const name = (node as ts.FunctionLikeDeclaration).name?.getText() ?? 'a function';
      return { name, line, lines: lineAt(node.end) - line + 1 };
    });
}

/** Whether a function is the body of a `describe…`: a table of contents, whose functions count on their own. */
function isContents(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isCallExpression(parent) && /^describe(With\w+)?$/.test(parent.expression.getText());
}

/** Lines on which a value is cast to `any`. */
export function castsToAny(file: TextFile): readonly number[] {
  const source = parse(file);
  return nodesOf(file)
    .filter(node => ts.isAsExpression(node) && node.type.kind === ts.SyntaxKind.AnyKeyword)
    .map(node => source.getLineAndCharacterOfPosition(node.end).line + 1);
}

/** Modules that a file imports or re-exports, statically, later or as types. */
export function importsOf(file: TextFile): readonly string[] {
  return nodesOf(file).flatMap(node => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
      return textOf(node.moduleSpecifier);
    if (ts.isImportTypeNode(node))
      return ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : [];
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      return textOf(node.arguments[0]);
    return [];
  });
}

/** Paths from the root that a file may mean by one of its strings: beside it, or from the root. */
export function pathsNamedIn(file: TextFile): readonly string[] {
  return nodesOf(file)
    .filter(node => ts.isStringLiteralLike(node))
    .flatMap(({ text }) => [posix.join(posix.dirname(file.path), text), posix.normalize(text)]);
}

/** What an entry point gives away. Types are told from values by the word `type`, which the compiler demands. */
export type Exports = {
  readonly values: readonly string[];
  readonly types: readonly string[];
  /** Lines of `export * from`. */
  readonly stars: readonly number[];
};

/** The names that a file exports. */
export function exportsOf(file: TextFile): Exports {
  const values: string[] = [];
  const types: string[] = [];
  const stars: number[] = [];
  const source = parse(file);
  for (const statement of source.statements) {
    if (ts.isExportAssignment(statement)) values.push('default');
    else if (ts.isExportDeclaration(statement)) {
      const { exportClause, isTypeOnly } = statement;
      if (exportClause === undefined) {
        stars.push(source.getLineAndCharacterOfPosition(statement.getStart()).line + 1);
      } else if (ts.isNamespaceExport(exportClause)) {
        (isTypeOnly ? types : values).push(exportClause.name.text);
      } else {
        for (const one of exportClause.elements) {
          (isTypeOnly || one.isTypeOnly ? types : values).push(one.name.text);
        }
      }
    } else if (isExported(statement)) {
      (isType(statement) ? types : values).push(...declaredBy(statement));
    }
  }
  return { values, types, stars };
}

function textOf(node: ts.Node | undefined): readonly string[] {
  return node !== undefined && ts.isStringLiteralLike(node) ? [node.text] : [];
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function isType(statement: ts.Statement): boolean {
  return ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement);
}

function declaredBy(statement: ts.Statement): readonly string[] {
  if (!ts.isVariableStatement(statement)) {
    return [(statement as ts.DeclarationStatement).name?.getText() ?? 'default'];
  }
  return statement.declarationList.declarations.map(({ name }) => name.getText());
}
