// All scenarios there are.

import { again } from './again.ts'
import { attack } from './attack.ts'
import { churn } from './churn.ts'
import { dead } from './dead.ts'
import { eclipse } from './eclipse.ts'
import { hotkey } from './hotkey.ts'
import { join } from './join.ts'
import { parts } from './parts.ts'
import { provide } from './provide.ts'
import { rehome } from './rehome.ts'
import { scale } from './scale.ts'
import { size } from './size.ts'
import { values } from './values.ts'
import type { Scenario } from './scenario.ts'

export const SCENARIOS: Scenario[] = [scale, dead, churn, attack, eclipse, hotkey, rehome, join, parts, again, values, provide, size]
