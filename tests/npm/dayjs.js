const dayjs = require('dayjs');
const utc = require('dayjs/plugin/utc');
const relative = require('dayjs/plugin/relativeTime');
const duration = require('dayjs/plugin/duration');
dayjs.extend(utc); dayjs.extend(relative); dayjs.extend(duration);
const day = dayjs.utc('2024-02-29T12:34:56Z');
console.log(day.format('dddd, MMMM D YYYY, h:mm:ss A'), day.add(1, 'year').format(), day.subtract(1, 'month').endOf('month').format('YYYY-MM-DD'));
console.log(day.diff(dayjs.utc('2024-01-01'), 'day'), day.isBefore('2025-01-01'), day.from(dayjs.utc('2024-02-28')), dayjs.duration(3723, 's').format('HH:mm:ss'));
console.log(dayjs('nonsense').isValid(), day.startOf('week').toISOString(), day.unix());
