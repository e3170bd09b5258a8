// What is asked, and how.

export const MESSAGES = ['FIND_NODE', 'GET_PROVIDERS', 'GET_VALUE'] as const

/** `stream`: each request opens a stream of its own, as js and rust do. `reused`: all go over one, as Go and ours do. */
export const STREAMS = ['stream', 'reused'] as const

export const OPERATIONS = MESSAGES.flatMap(message => STREAMS.map(streams => `${message} ${streams}` as const))

export type OperationName = typeof OPERATIONS[number]
