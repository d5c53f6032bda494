/* Numbers with the check characters that the law gives them. */
'use strict';

/* GB 11643-1999: region, birth date (YYYYMMDD), order (odd: a man), check character. */
function idNumber(region, birth, order) {
  const body = `${region}${birth}${order}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + digit * weights[i], 0) % 11];
}

/* GB 32100-2015: a company of 长治, its eight characters, their check character, and one over all seventeen. */
function creditCode(organisation) {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  const weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
  const parts = [3, 7, 9, 10, 5, 8, 4, 2];
  const sum = [...organisation].reduce((all, c, i) => all + parseInt(c, 36) * parts[i], 0);
  const body = `91140400${organisation}${'0X987654321'[sum % 11]}`;
  const total = [...body].reduce((all, c, i) => all + alphabet.indexOf(c) * weights[i], 0);
  return body + alphabet[(31 - (total % 31)) % 31];
}

module.exports = { creditCode, idNumber };
