// Figures: panels of lines side by side, as one SVG.

import { LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

export interface Line {
  name: string
  points: Array<[number, number]>
  /** what theory says, not what was measured */
  dashed?: boolean
}

export interface Panel {
  title: string
  x: string
  y: string
  lines: Line[]
  logX?: boolean
  logY?: boolean
}

export interface Figure {
  title: string
  panels: Panel[]
}

const PANEL = { width: 410, height: 300 }
const MARGIN = { left: 74, right: 24, top: 76, bottom: 92 }

/** The same line has the same colour in all panels and all figures. */
const COLOURS: Record<string, string> = { ours: '#1668b5', go: '#12a4a4', js: '#d9a400', rust: '#c2452d' }
const OTHER_COLOURS = ['#6b4fa0', '#3f9142', '#8a5a2b', '#5f6b7a', '#b03a78', '#1f3d5a']

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

export function drawFigure ({ title, panels }: Figure): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))]
  const others = names.filter(name => COLOURS[name] == null)
  const colourOf = (name: string): string => COLOURS[name] ?? OTHER_COLOURS[others.indexOf(name) % OTHER_COLOURS.length]
  const width = panels.length * PANEL.width
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height: PANEL.height + 60 })

  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: [
      { text: title, left: 'center', top: 8, textStyle: { fontSize: 15 } },
      ...panels.map((panel, i) => ({
        text: panel.title,
        left: (i + 0.5) * PANEL.width,
        top: 40,
        textAlign: 'center',
        textStyle: { fontSize: 12, fontWeight: 'normal' }
      }))
    ],
    // without a browser the width of a text is a guess
    legend: { bottom: 4, itemGap: 28, data: names },
    grid: panels.map((_, i) => ({
      left: i * PANEL.width + MARGIN.left,
      width: PANEL.width - MARGIN.left - MARGIN.right,
      top: MARGIN.top,
      bottom: MARGIN.bottom
    })),
    xAxis: panels.map(({ x, logX }, gridIndex) => ({
      gridIndex, type: logX === true ? 'log' : 'value', name: x, nameLocation: 'middle', nameGap: 28, min: 'dataMin', max: 'dataMax', splitLine: { show: false }
    })),
    yAxis: panels.map(({ y, logY }, gridIndex) => ({
      gridIndex, type: logY === true ? 'log' : 'value', name: y, nameLocation: 'middle', nameGap: 54, scale: true
    })),
    series: panels.flatMap(({ lines }, i) => lines.map(({ name, points, dashed }) => ({
      type: 'line',
      name,
      xAxisIndex: i,
      yAxisIndex: i,
      data: points,
      symbolSize: 5,
      itemStyle: { color: colourOf(name) },
      lineStyle: { color: colourOf(name), width: 2, type: dashed === true ? 'dashed' : 'solid' }
    })))
  })

  const svg = chart.renderToSVGString()
  chart.dispose()

  return svg
}
