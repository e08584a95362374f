import * as Args from '@oclif/core/args';
import { findRule, RULES, type Rule } from '../lint/index.js';
import { renderExplanation, renderRules, styleFor } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';

export default class Explain extends BaseCommand {
  static override summary = 'Explain a rule of validate: what it catches, why, and how to repair it.';
  static override description =
    'Without RULE it lists all rules, with what the server does: it rejects the definition; it accepts it and the build or run fails; it accepts it and does something else; or it does what the definition says.';
  static override examples = [
    { description: 'All rules', command: '<%= config.bin %> explain' },
    { description: 'One of them', command: '<%= config.bin %> explain yaml11-type' },
    { description: 'All rules, for a program', command: '<%= config.bin %> explain --json' },
  ];
  static override enableJsonFlag = true;
  static override args = {
    rule: Args.string({ ignoreStdin: true, description: 'the name in brackets after a finding' }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Explain);
    const rules = args.rule === undefined ? RULES : [findRule(args.rule)];
    if (!this.jsonEnabled()) {
      const style = styleFor(process.stdout);
      const [first] = rules;
      this.print(args.rule !== undefined && first ? renderExplanation(first, style) : renderRules(rules, style));
    }
    return { version: 1, rules: rules.map(described) };
  }
}

function described({ id, severity, server, summary, explain }: Rule) {
  const { why, bad, good } = explain;
  return { id, severity, server, summary, why, bad, good };
}
