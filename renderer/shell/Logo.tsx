/** The allium: a bulb in section, three layers around a core, as the network's three hops are around a request. */
import type { ReactNode } from 'react'

export function Logo(): ReactNode {
  return (
    <svg aria-hidden viewBox="0 0 24 24" className="size-6 text-accent" fill="none" stroke="currentColor">
      <path
        d="M12 2.5c.6 2.4 2 3.9 4 5.4 2.7 2 4.5 4 4.5 7 0 3.900-3.600 6.600-8.500 6.600S3.500 18.800 3.500 14.900c0-3 1.800-5 4.500-7 2-1.500 3.400-3 4-5.400Z"
        strokeWidth="1.7"
        strokeLinejoin="round"
      />
      <path
        d="M12 8.200c.5 1.200 1.400 2 2.500 3 1.300 1.200 2.100 2.300 2.100 3.800 0 2.200-1.900 3.600-4.600 3.600s-4.600-1.400-4.600-3.600c0-1.500.8-2.600 2.100-3.800 1.100-1 2-1.800 2.500-3Z"
        strokeWidth="1.5"
        strokeLinejoin="round"
        opacity="0.75"
      />
      <circle cx="12" cy="15.300" r="1.600" fill="currentColor" stroke="none" />
    </svg>
  )
}
