/**
 * What the live server answers, request by request; and, with `JOBSERV_TEST_SERVER`, that the
 * reference server answers the same (test/support/server-spec/target.ts says what it needs).
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { RUN_STORIES } from '../../support/server-spec/runs.js';
import { Stage } from '../../support/server-spec/story.js';
import { startTarget, type Target } from '../../support/server-spec/target.js';
import { TEST_STORIES } from '../../support/server-spec/tests.js';
import { UPLOAD_STORIES } from '../../support/server-spec/uploads.js';
import { WORKER_STORIES } from '../../support/server-spec/workers.js';

describe('a JobServ server answers', () => {
  let target: Target;
  let stages = 0;

  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(() => target.stop());

  it.each([...RUN_STORIES, ...UPLOAD_STORIES, ...TEST_STORIES, ...WORKER_STORIES])('to %s', async (_name, rows) => {
    stages += 1;
    const stage = new Stage(target, `w${stages}-${target.tag}`);
    await stage.play(rows);
    await stage.leave();
  });
});
