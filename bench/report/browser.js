/**
 * Runs in the reader's browser, as it is: draws the charts when they come into view, sorts the
 * tables, offers the data for download. JavaScript, so that the page is built without a compiler;
 * the page's test runs it in Chromium. Nothing is loaded.
 */
const page = JSON.parse(document.getElementById('data')?.textContent ?? '{}');

/** @param {HTMLElement} element */
async function drawChart(element) {
  const chart = page.charts.find(({ name }) => name === element.dataset.chart);
  if (chart === undefined) return;
  const config = { mark: { tooltip: { content: 'data' } } };
  const actions = { export: true, source: false, compiled: false, editor: false };
  try {
    await vegaEmbed(element, chart.spec, { renderer: 'svg', config, actions });
    element.dataset.state = 'drawn';
  } catch (error) {
    element.textContent = `This chart cannot be drawn: ${error}`;
    element.dataset.state = 'failed';
  }
}

function drawInView() {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        void drawChart(target);
      }
    },
    { rootMargin: '600px' },
  );
  for (const element of document.querySelectorAll('[data-chart]')) observer.observe(element);
}

/**
 * By one column: numbers as numbers, empty last, a second click the other way round.
 *
 * @param {HTMLTableCellElement} header
 */
function sortTable(header) {
  const body = header.closest('table')?.tBodies[0];
  if (body === undefined) return;
  const isUp = header.getAttribute('aria-sort') !== 'ascending';
  for (const other of header.parentElement?.children ?? []) other.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', isUp ? 'ascending' : 'descending');
  const keyOf = (row) => row.cells[header.cellIndex]?.dataset.value ?? '';
  const compare = (a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    if (x === '' || y === '') return Number(x === '') - Number(y === '');
    const order = Number(x) - Number(y);
    return (isUp ? 1 : -1) * (Number.isNaN(order) ? x.localeCompare(y) : order);
  };
  body.append(...[...body.rows].sort(compare));
}

/** @param {string} name @param {string} type @param {string} content */
function download(name, type, content) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => sortTable(button.parentElement));
}
document.getElementById('csv')?.addEventListener('click', () => {
  download('summary.csv', 'text/csv', page.csv);
});
document.getElementById('json')?.addEventListener('click', () => {
  download('summary.json', 'application/json', JSON.stringify(page.rows, null, 1));
});
drawInView();
