import { expect } from 'aegir/chai'
import { overlayKey, parseOverlayKey } from '../../../src/values/overlay/overlay-key.ts'
import { bytes } from '../../helpers/content.ts'

describe('the key of a member list', () => {
  it('is /overlay/ and the id, whatever bytes that has, a slash among them too', () => {
    const id = Uint8Array.of(0, 0x2f, 255, 0x2f)

    expect(overlayKey(id)).to.equalBytes([...bytes('/overlay/'), 0, 0x2f, 255, 0x2f])
    expect(parseOverlayKey(overlayKey(id))).to.equalBytes(id)
  })

  it('has an id of 1 to 64 bytes', () => {
    for (const length of [1, 64]) {
      expect(parseOverlayKey(overlayKey(new Uint8Array(length)))).to.have.lengthOf(length)
    }

    for (const length of [0, 65]) {
      const id = new Uint8Array(length)

      expect(() => overlayKey(id)).to.throw(`1 to 64 bytes of the overlay's id; this id has ${length}`).with.property('name', 'InvalidParametersError')
      expect(() => parseOverlayKey(Uint8Array.from([...bytes('/overlay/'), ...id]))).to.throw().with.property('name', 'InvalidParametersError')
    }
  })

  it('is no other than that', () => {
    for (const key of ['', '/', '/overlay', '/overlays/x', 'overlay/x', '/pk/x', '/Overlay/x']) {
      expect(() => parseOverlayKey(bytes(key)), key).to.throw('is /overlay/ and 1 to 64 bytes').with.property('name', 'InvalidParametersError')
    }
  })
})
