// The namespaces that need no application: `/pk`, `/ipns`, `/sig` and `/overlay`.

import { ipnsValidator } from 'ipns/validator'
import { ipnsExpires, ipnsTtl, selectIpns } from './ipns.ts'
import { decodeSet, mergeSets } from './overlay/member-set.ts'
import { overlaySelector, overlayValidator } from './overlay/validator.ts'
import { selectPublicKey, validatePublicKey } from './public-key.ts'
import { contradict, sayTheSame } from './signed/contradict.ts'
import { selectSigned } from './signed/selector.ts'
import { readSigned } from './signed/signed-record.ts'
import { signedValidator } from './signed/validator.ts'
import type { Selectors, Validators, ValueRules } from './namespaces.ts'

export interface BuiltIn {
  validators: Validators
  selectors: Selectors
  rules: Record<string, ValueRules>
}

/** `signedRecordSize`, `memberListSize`: the longest that are taken, bytes */
export function builtIn ({ signedRecordSize, memberListSize }: { signedRecordSize: number, memberListSize: number }): BuiltIn {
  const now = (): number => Date.now()

  return {
    validators: {
      pk: validatePublicKey,
      ipns: ipnsValidator,
      sig: signedValidator({ now, maxSize: signedRecordSize }),
      overlay: overlayValidator({ now, maxSize: memberListSize })
    },
    selectors: {
      pk: selectPublicKey,
      ipns: selectIpns,
      sig: selectSigned,
      overlay: overlaySelector({ now })
    },
    rules: {
      ipns: { expires: ipnsExpires, ttl: ipnsTtl },
      sig: {
        expires: value => readSigned(value).record.expires,
        ttl: value => readSigned(value).record.ttl,
        answersHeld: true,
        same: sayTheSame,
        contradict
      },
      overlay: {
        expires: value => Math.max(...decodeSet(value).map(({ expires }) => expires)),
        merge: values => mergeSets(values, now(), memberListSize)
      }
    }
  }
}
