/** A raised area for one subject, with its heading. */
import { type ReactNode, useId } from 'react'

interface CardProps {
  readonly title?: string
  /** One sentence under the title. */
  readonly about?: ReactNode
  /** Beside the title, at the end of the line. */
  readonly actions?: ReactNode
  readonly children?: ReactNode
}

export function Card({ title, about, actions, children }: CardProps): ReactNode {
  const id = useId()
  const body = (
    <>
      {(title !== undefined || actions !== undefined) && (
        <div className="flex flex-wrap items-start justify-between gap-2">
          <div className="min-w-0">
            {title !== undefined && (
              <h2 id={id} className="text-[0.9375rem] font-semibold">
                {title}
              </h2>
            )}
            {about !== undefined && <p className="mt-0.5 max-w-prose text-soft">{about}</p>}
          </div>
          {actions}
        </div>
      )}
      {children}
    </>
  )
  const look = 'flex flex-col gap-3 rounded-card border border-line bg-raised p-4 shadow-card'
  return title === undefined ? (
    <div className={look}>{body}</div>
  ) : (
    <section aria-labelledby={id} className={look}>
      {body}
    </section>
  )
}
