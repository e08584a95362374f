import type { Validator } from '../shape.js';

declare const validate: Validator;
export default validate;
