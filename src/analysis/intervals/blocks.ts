/**
 * Sums of more units than this are added up in so many blocks at random before they are drawn: what is resampled is then
 * 2,000 sums, whose spread is that of the whole within 1.6 % (1 / sqrt(2 x 2,000)).
 */
export const mostBlocks = 2000;
