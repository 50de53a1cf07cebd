/**
 * The examples of a document, as they stand in its fenced blocks. In a `console` block a line that
 * begins with "$ " is a command (one that begins with "> " goes on with it), and what follows is what
 * it prints; "…" stands for anything within a line, and alone for any lines. In a `ts` block
 * `expression; // → value` says what the expression is.
 */
export interface Command {
  /** Of the document, from 1. */
  readonly line: number;
  readonly text: string;
  readonly prints: readonly string[];
}

export interface Block {
  readonly language: string;
  /** Of its first line within the fence. */
  readonly line: number;
  readonly lines: readonly string[];
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === null) open = { language: fence[1] ?? '', line: index + 2, lines: [] };
    else {
      blocks.push(open);
      open = null;
    }
  }
  if (open !== null) throw new Error(`the block of line ${open.line} does not end`);
  return blocks;
}

/** Throws where the block begins with something else than a command. */
export function commandsOf({ line, lines }: Block): Command[] {
  const commands: { line: number; text: string; prints: string[] }[] = [];
  for (const [index, text] of lines.entries()) {
    const last = commands.at(-1);
    if (text.startsWith('$ '))
      commands.push({ line: line + index, text: text.slice(2), prints: [] });
    else if (last === undefined) throw new Error(`line ${line + index} is printed by no command`);
    else if (text.startsWith('> ') && last.prints.length === 0) last.text += `\n${text.slice(2)}`;
    else last.prints.push(text);
  }
  return commands;
}

/** What `prints` allows. */
export function patternOf(prints: readonly string[]): RegExp {
  const lines = prints.map((line) => {
    if (line === '…') return '(?:[^\\n]*\\n)*';
    const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return `${parts.join('[^\\n]*')}\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}

/** A module that runs a `ts` block, and throws where a value is another one. */
export function moduleOf({ line, lines }: Block): string {
  const checked = lines.map((text, index) => {
    const stated = /^(\s*)(.+?);\s*\/\/ → (.+)$/.exec(text);
    if (stated === null) return text;
    const [, indent, expression, value] = stated;
    return `${indent}__equal(${expression}, ${value}, 'line ${line + index}');`;
  });
  return `import { deepStrictEqual as __equal } from 'node:assert';\n${checked.join('\n')}\n`;
}
