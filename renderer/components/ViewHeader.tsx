/** The top of a view: its name, one sentence, its actions. The name takes the focus when the view is shown. */
import { type ReactNode, useEffect, useRef } from 'react'

interface ViewHeaderProps {
  readonly title: string
  readonly about?: ReactNode
  readonly actions?: ReactNode
}

export function ViewHeader({ title, about, actions }: ViewHeaderProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // Whoever came here by the keyboard or by ear is at the top of the new view and not nowhere.
    if (document.activeElement === document.body) heading.current?.focus()
  }, [])
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
      <div className="min-w-0">
        <h1 ref={heading} tabIndex={-1} className="text-xl font-semibold tracking-tight outline-none">
          {title}
        </h1>
        {about !== undefined && <p className="mt-0.5 max-w-prose text-soft">{about}</p>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
    </div>
  )
}
