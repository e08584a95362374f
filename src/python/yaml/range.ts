/** Lines and columns count from 1; a column counts UTF-16 code units. `end` is exclusive. */
export interface Range {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface Related extends Range {
  message: string;
}
