/** What the examples of the rules have in common: the part of a definition that a rule is not about. */

export const SCRIPTS = `scripts:
  build: |
    #!/bin/sh -e
    make
`;

/** A definition of one run, but for what the run consists of. */
export const ONE_RUN = `timeout: 30
triggers:
  - name: nightly
    type: simple
    runs:
`;
