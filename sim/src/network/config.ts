// The options of the library at their defaults: what a simulated node runs with.

import { resolveConfig } from '../../../src/config.ts'

export const CONFIG = resolveConfig({})
