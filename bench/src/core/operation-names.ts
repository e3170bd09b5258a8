// What is timed. What each comprises, by ours and by the rival, stands in the README.

export const OPERATIONS = [
  'keyHash',
  'nearest20of1k',
  'nearest20of10k',
  'nearest20ofDefaultTable',
  'decodeReply',
  'decodeReplyNew',
  'decodeReplyParsed',
  'encodeReply',
  'encodeReplyFromPeers',
  'lookup'
] as const

export type OperationName = typeof OPERATIONS[number]
