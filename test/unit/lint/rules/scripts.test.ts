import { describe, expect, it } from 'vitest';
import { definition, findings, summary } from './findings.js';

/** Rules about how a script starts, and whether a shell can read it. */

const ALPINE = 'alpine:3.20';
function script(text: string, image = ALPINE): string {
  return definition()
    .replace('registry.example.org/sdk:12', image)
    .replace(/ {2}build: \|[\s\S]*$/, `  build: ${text}`);
}
const lines = (...all: string[]) => `|\n${all.map((line) => `    ${line}\n`).join('')}`;

describe('missing-shebang', () => {
  it.each([
    ['no line that says so', lines('make'), '12:5 make'],
    ['a blank line in front', lines('', '#!/bin/sh', 'make'), '13:5 #!/bin/sh'],
    ['a blank in front', '|2\n     #!/bin/sh\n     make\n', '12:6 #!/bin/sh'],
    ['nothing at all', "''\n", "11:10 ''"],
  ])('%s', (_, text, place) => {
    expect(summary(script(text))).toEqual([`missing-shebang ${place}`]);
  });

  it('is an error where the image is known to have no entrypoint, else a warning', () => {
    expect(findings(script(lines('make')))).toMatchObject([{ severity: 'error' }]);
    expect(findings(script(lines('make'), 'registry.example.org/sdk:1'))).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('unless the entrypoint of its image reads scripts') },
    ]);
  });

  it('not where the run has an entrypoint of its own, which may read it', () => {
    const text = script(lines('make')).replace(
      'script: build\n',
      'script: build\n        container-entrypoint: /bin/sh\n',
    );
    expect(summary(text)).toEqual([]);
  });
});

describe('folded-script', () => {
  it('is the only finding about the lines that it joins, and advises a block that keeps them', () => {
    const found = findings(script('>\n    #!/bin/sh -e\n    if true; then\n    make\n    fi\n'));
    expect(found.map(({ rule, help }) => [rule, help])).toEqual([
      ['folded-script', 'Write `|` in place of `>`: it keeps the lines.'],
    ]);
  });

  it.each([
    ['folded', '>\n    #!/bin/sh -e\n    make\n', '11:10 >'],
    ['without a sign', '#!/bin/sh -e\n    make\n', undefined],
  ])('%s', (_, text, place) => {
    const found = summary(script(text)).filter((line) => line.startsWith('folded-script'));
    if (place !== undefined) expect(found).toEqual([`folded-script ${place}`]);
    else expect(summary(script(text))).not.toEqual([]);
  });

  it('not where the lines stay apart', () => {
    expect(summary(script('>\n    #!/bin/sh -e\n\n    make\n'))).toEqual([]);
    expect(summary(script('"#!/bin/sh -e\\nmake\\n"\n'))).toEqual([]);
  });
});

describe('missing-interpreter', () => {
  it.each([
    ['/bin/bash', 'bash'],
    ['/usr/bin/env python3', 'python3'],
    ['/usr/bin/perl -w', 'perl'],
  ])('%s in alpine', (interpreter, name) => {
    const text = script(lines(`#!${interpreter}`, 'x'));
    const at = 7 + interpreter.indexOf(name);
    expect(summary(text)).toEqual([`missing-interpreter 12:${at} ${name}`]);
    expect(findings(text)[0]?.related).toMatchObject([{ line: 7 }]);
  });

  it('not in an image that may have it', () => {
    expect(summary(script(lines('#!/bin/bash', 'make'), 'debian:12'))).toEqual([]);
    expect(summary(script(lines('#!/bin/bash', 'make'), 'registry.example.org/alpine:3'))).toEqual([]);
  });
});

describe('shell-syntax', () => {
  it.each([
    ['a quote', ["echo 'never closed", 'make'], "13:10 '"],
    ['an if', ['if true; then', '  make'], '13:5 if'],
    ['a loop', ['for i in 1 2; do', '  echo $i'], '13:5 for'],
    ['a case', ['case x in', '  a) make ;;'], '13:5 case'],
    ['a parenthesis', ['(make'], '13:5 ('],
    ['a brace', ['f() {', '  make'], '13:9 {'],
    ['a substitution', ['x=$(make'], '13:7 $'],
    ['a word that cannot stand there', ['make', 'fi'], '14:5 fi'],
    ['nothing behind a pipe', ['make |'], undefined],
    ['a word on the line of an exit', ['make || {echo no; exit 1; }'], '13:31 }'],
    ['an if that begins on the line of an exit', ['exit 1; if true; then', '  make'], '13:13 if'],
  ])('%s', (_, text, place) => {
    const found = findings(script(lines('#!/bin/sh -e', ...text)));
    expect(found).toMatchObject([{ rule: 'shell-syntax', severity: 'error', server: 'fails' }]);
    if (place !== undefined) expect(`${found[0]?.line}:${found[0]?.column}`).toBe(place.split(' ')[0]);
  });

  it.each([
    ['here-documents', ['cat <<E', "it's { not ( closed", 'E']],
    ['comments', ["# don't", 'make']],
    ['what stands behind an exit', ['exit 0', "it's data"]],
    ['what stands behind an exit with a comment', ['exit 0; # the rest', "it's data"]],
    ["Bash's own", [`[[ a =~ ^a ]] && x=(1 2) && echo "\${x[@]}" <<< y`]],
    ['arithmetic', ['echo $((1 + (2 << 3)))']],
    ['a case with parentheses', ['case $x in (a|b) make ;; esac']],
    ['nested quotes', ['echo "$(echo "a $(echo "b")")"']],
  ])('not: %s', (_, text) => {
    expect(summary(script(lines('#!/bin/bash -e', ...text), 'debian:12'))).toEqual([]);
  });

  it('only of shells', () => {
    expect(summary(script(lines('#!/usr/bin/python3', "print('if'"), 'debian:12'))).toEqual([]);
  });

  it('a script of which a megabyte is one line is not looked at, and told nothing', () => {
    expect(summary(script(lines('#!/bin/sh', `echo "${'x'.repeat(1024 * 1024)}`)))).toEqual([]);
  });
});
