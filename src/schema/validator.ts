/** What the generated validators look like. */

/** One complaint of a validator, as ajv reports it. */
export interface ShapeError {
  keyword: string;
  /** JSON pointer into the data. */
  instancePath: string;
  params: { additionalProperty?: string; missingProperty?: string; limit?: number; allowedValues?: unknown[] };
  /** The schema that holds the keyword. */
  parentSchema: { properties?: object; patternProperties?: object; type?: string | string[] };
}

export interface Validator {
  (data: unknown): boolean;
  /** Of the last call; null when it had none. */
  errors: ShapeError[] | null;
}
