// Listeners of a signal: in Node.js one can ask for them, in browsers nobody tells.

/** How many the signal has, of those that came from now on. */
export function countListeners (signal: AbortSignal): () => number {
  const listeners = new Set<unknown>()
  const { addEventListener, removeEventListener } = signal

  signal.addEventListener = (type: string, listener: any, options?: any) => {
    listeners.add(listener)
    addEventListener.call(signal, type, listener, options)
  }
  signal.removeEventListener = (type: string, listener: any, options?: any) => {
    listeners.delete(listener)
    removeEventListener.call(signal, type, listener, options)
  }

  return () => listeners.size
}
