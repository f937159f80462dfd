import { expect, it } from 'vitest'
import { escapeText, html, trusted } from './markup.ts'

it('escapes what could leave an element or an attribute', () => {
  const hostile = `</script><img src=x onerror="alert(1)">'\`&`
  expect(html`<p title="${hostile}">${hostile}</p>`.markup).toBe('<p title="&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&#96;&amp;">&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&#96;&amp;</p>')
})

it('inserts markup, lists, numbers and nothing', () => {
  expect(html`${trusted('<b>')}${[html`1`, html`2`]}${3}${undefined}`.markup).toBe('<b>123')
})

it('replaces what hides or reorders text, and half characters', () => {
  expect(escapeText('a\u0000b\u202ec\u2066d\ud800e\u0085')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde\ufffd')
  expect(escapeText('tab\tline\nend 😀 é')).toBe('tab\tline\nend 😀 é')
})
