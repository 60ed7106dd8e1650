import type { SeededRandom } from './random.js'

const words = (
  'a about again all also always and are ask at back be because been before best better book bring but by call can ' +
  'city come cool could day dinner do done door early eat enough evening ever find fine food for friend from fun get ' +
  'give go good great had happy have hello help here home hope how i if in is it just know last late later let like ' +
  'listen long look lot love lunch make maybe me meet message minute money more morning movie much music my need never ' +
  'new next nice night no not now of off ok on one only or other our out over people phone place plan play please ' +
  'pretty problem ready really right run same say see she should show sleep so some song soon sorry sounds start stay ' +
  'still stop story such sure take talk tell thanks that the their them then there they thing think this time to today ' +
  'together tomorrow tonight too train try two until up us very wait walk want was watch way we week weekend well went ' +
  'were what when where who why will with work would write yes yesterday yet you your été schön привет 今日は'
).split(' ')

const endings = ['', '', '', '', '.', '.', '!', '?', ' :)', ' 👍', ' 🎉']

const firstNames = (
  'Ada Ben Cleo Dan Eva Finn Gia Hugo Ida Jan Kira Leo Mia Nils Olga Paul Quinn Rosa Sam Tara Uma Vera Will Xenia ' +
  'Yusuf Zoe Åse Björn Chloé Dörte Émile Fátima Noé Søren Иван 花子'
).split(' ')

/** Most are a few words, some are long. */
export function messageText(random: SeededRandom): string {
  const count = Math.min(400, Math.max(1, Math.round(random.logNormal(7, 0.9))))
  const chosen = Array.from({ length: count }, () => random.pick(words)).join(' ')
  return chosen.charAt(0).toUpperCase() + chosen.slice(1) + random.pick(endings)
}

export function userName(index: number): string {
  return `${firstNames[index % firstNames.length]}-${index + 1}`
}
