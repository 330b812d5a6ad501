/** A line or an area to write in, with its name, what it is for, and what is wrong with what was written. */
import { type ComponentProps, type ReactNode, useId } from 'react'
import { classNames } from './class-names.ts'

interface FieldText {
  readonly label: string
  readonly isLabelHidden?: boolean
  readonly about?: ReactNode
  /** What is wrong, in plain words. */
  readonly fault?: string | undefined
}

const BOX =
  'copyable w-full rounded-control border bg-raised px-3 py-1.5 text-ink placeholder:text-soft disabled:opacity-50'

type FieldProps = FieldText & Omit<ComponentProps<'input'>, 'className' | 'id' | 'about'>

export function Field({ label, isLabelHidden, about, fault, ...rest }: FieldProps): ReactNode {
  return (
    <Frame texts={{ label, about, fault, ...(isLabelHidden === undefined ? {} : { isLabelHidden }) }}>
      {(attributes, border) => (
        <input
          type="text"
          spellCheck={false}
          autoComplete="off"
          {...rest}
          {...attributes}
          className={classNames(BOX, border)}
        />
      )}
    </Frame>
  )
}

type TextAreaProps = FieldText & Omit<ComponentProps<'textarea'>, 'className' | 'id' | 'about'>

export function TextArea({ label, isLabelHidden, about, fault, ...rest }: TextAreaProps): ReactNode {
  return (
    <Frame texts={{ label, about, fault, ...(isLabelHidden === undefined ? {} : { isLabelHidden }) }}>
      {(attributes, border) => (
        <textarea
          rows={4}
          spellCheck={false}
          autoComplete="off"
          {...rest}
          {...attributes}
          className={classNames(BOX, border, 'resize-y font-mono text-[0.8125rem]')}
        />
      )}
    </Frame>
  )
}

interface FrameAttributes {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': boolean | undefined
}

function Frame({
  texts,
  children,
}: {
  readonly texts: FieldText
  readonly children: (attributes: FrameAttributes, border: string) => ReactNode
}): ReactNode {
  const id = useId()
  const { label, isLabelHidden = false, about, fault } = texts
  const described = [about !== undefined && `${id}-about`, fault !== undefined && `${id}-fault`]
  const attributes = {
    id,
    'aria-describedby': classNames(...described) || undefined,
    'aria-invalid': fault === undefined ? undefined : true,
  }
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={isLabelHidden ? 'sr-only' : 'font-medium'}>
        {label}
      </label>
      {about !== undefined && (
        <p id={`${id}-about`} className="max-w-prose text-soft">
          {about}
        </p>
      )}
      {children(attributes, fault === undefined ? 'border-edge' : 'border-bad')}
      {fault !== undefined && (
        <p id={`${id}-fault`} role="alert" className="text-bad">
          {fault}
        </p>
      )}
    </div>
  )
}
