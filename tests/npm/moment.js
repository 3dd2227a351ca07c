const moment = require('moment');
require('moment/locale/de');
moment.locale('en');
const day = moment.utc('2024-02-29T12:34:56Z');
console.log(day.format('LLLL'), day.clone().locale('de').format('LLLL'), day.clone().add(1, 'y').toISOString(), day.isoWeek(), day.dayOfYear());
console.log(moment.duration(3723, 'seconds').humanize(), moment.utc('31/12/2023', 'DD/MM/YYYY', true).isValid(), moment.utc('31.02.2023', 'DD.MM.YYYY').isValid(), day.from(moment.utc('2024-02-01')));
console.log(day.calendar(moment.utc('2024-03-01T00:00:00Z')), day.diff(moment.utc('2020-01-01'), 'months', true).toFixed(4), moment.utc(0).toObject());
