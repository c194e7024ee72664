/*
 * Every import of a source file, in all the ways TypeScript has: import and export declarations, import() calls and
 * types. Read from the syntax tree, so that imports inside strings and comments do not count. Called by layers.ts.
 */
import { parseSync } from '@swc/core';
import type { SourceFile } from './source-file.js';

export interface Import {
  readonly specifier: string;
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
}

interface SyntaxNode {
  readonly type?: string;
  readonly [field: string]: unknown;
}

/** Three rules ask for the same files, and the tree of a file takes longer to read than all of them. */
const known = new WeakMap<SourceFile, readonly Import[]>();

export function importsOf(file: SourceFile): readonly Import[] {
  const imports = known.get(file) ?? readImports(file);
  known.set(file, imports);
  return imports;
}

function readImports(file: SourceFile): Import[] {
  const found: Import[] = [];
  visit(parseSync(file.text, { syntax: 'typescript', target: 'es2023' }), (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined)
      found.push({ specifier, typeOnly: node.typeOnly === true || node.type === 'TsImportType' });
  });
  return found;
}

function specifierOf(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return text(node.source);
    case 'TsImportType':
      return text(node.argument);
    case 'TsExternalModuleReference':
      return text(node.expression);
    case 'CallExpression':
      return isImportCall(node) ? text((node.arguments as { expression: unknown }[])[0].expression) : undefined;
    default:
      return undefined;
  }
}

function isImportCall(node: SyntaxNode): boolean {
  return (node.callee as SyntaxNode).type === 'Import';
}

function text(literal: unknown): string | undefined {
  const node = literal as SyntaxNode | null;
  return node?.type === 'StringLiteral' ? String(node.value) : undefined;
}

function visit(value: unknown, see: (node: SyntaxNode) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) see(value as SyntaxNode);
  for (const child of Object.values(value)) visit(child, see);
}
