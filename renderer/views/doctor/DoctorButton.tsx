/** The way to the connection doctor, wherever somebody may ask why it does not connect. */
import { Stethoscope } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Button, type ButtonKind } from '../../components/Button.tsx'
import { useWords } from '../../words/words.tsx'
import { DoctorDialog } from './DoctorDialog.tsx'

export function DoctorButton({ kind = 'normal' }: { readonly kind?: ButtonKind }): ReactNode {
  const words = useWords()
  const [isOpen, setIsOpen] = useState(false)
  return (
    <>
      <Button kind={kind} icon={Stethoscope} onClick={() => setIsOpen(true)}>
        {words('doctor-open')}
      </Button>
      {isOpen && <DoctorDialog onClose={() => setIsOpen(false)} />}
    </>
  )
}
