import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** Ends a test run with each test that was skipped, and one plain line, `N passed, N failed`, that every CI can read. */
export default class ClosingLine implements Reporter {
  #selected = false;

  onInit(vitest: Vitest): void {
    this.#selected = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const left: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state]++;
        // All that a pattern on the command line does not select are skipped, too.
        if (result.state !== 'skipped' || this.#selected) continue;
        left.push(`skipped: ${module.relativeModuleId}: ${test.fullName}${result.note ? `: ${result.note}` : ''}`);
      }
      // A file that could not be loaded, or a hook that failed, is no test but a failure.
      if (module.state() === 'failed' && [...module.children.allTests('failed')].length === 0) count.failed++;
    }
    const skipped = count.skipped + count.pending;
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    process.stdout.write(`\n${[...left, `${count.passed} passed, ${count.failed} failed${tail}`].join('\n')}\n`);
  }
}
