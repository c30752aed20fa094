/** Largest memory of kernels, in pages of 64 KiB: 4 GiB, all that 32-bit addresses reach. */
export const MOST_PAGES = 65536;
