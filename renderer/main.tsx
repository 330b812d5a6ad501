/** Puts the app into the page. */
import './styles/app.css'
import { createRoot } from 'react-dom/client'

const root = document.querySelector('#root')
if (root !== null) createRoot(root).render(<h1 className="p-4 text-2xl">Allium</h1>)
