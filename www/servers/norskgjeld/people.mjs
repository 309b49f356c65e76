// The people who can log in here, and the debt the creditors report for them.
// Norsk Gjeldsinformasjon's test users and its `debt_information` schema; the figures are invented.
// Money is in NOK x 100, interest in per cent x 100; a creditor that did not answer has `loan: null`.

const day = (clock, days) => clock.iso(Math.floor(clock.now() / 86_400_000 - days) * 86_400_000).replace(".000Z", "Z");

const creditFacility = (fields) => ({ type: "creditFacility", coBorrower: 0, ...fields });
const repaymentLoan = (fields) => ({ type: "repaymentLoan", coBorrower: 0, ...fields });
const chargeCard = (fields) => ({ type: "chargeCard", coBorrower: 0, ...fields });

export const PEOPLE = Object.freeze([
  {
    nin: "14842249091",
    name: "Ingrid Fjellheim",
    creditors: (clock) => [
      {
        creditorName: "FJORDKREDITT AS",
        loan: creditFacility({
          timestamp: day(clock, 1),
          creditLimit: 7_500_000,
          interestBearingBalance: 2_318_450,
          nonInterestBearingBalance: 412_900,
          nominalInterestRate: 2190,
          installmentCharges: 4500,
          installmentChargePeriod: "MONTHLY",
        }),
      },
      {
        creditorName: "NORDLYS FORBRUKSLÅN ASA",
        loan: repaymentLoan({
          timestamp: day(clock, 2),
          coBorrower: 2,
          originalBalance: 25_000_000,
          balance: 18_764_300,
          terms: 60,
          nominalInterestRate: 1020,
          installmentCharges: 5000,
          installmentChargePeriod: "MONTHLY",
        }),
      },
      {
        creditorName: "KYSTKORT AS",
        loan: chargeCard({
          timestamp: day(clock, 1),
          interestBearingBalance: 606_940,
          nonInterestBearingBalance: 64_100,
        }),
      },
      { creditorName: "VIDDA FINANS AS", loan: null },
    ],
  },
  {
    nin: "29868099311",
    name: "Jonas Solbakken",
    creditors: (clock) => [
      {
        creditorName: "BREDAL SPAREBANK",
        loan: repaymentLoan({
          timestamp: day(clock, 3),
          coBorrower: 1,
          originalBalance: 12_000_000,
          balance: 4_105_225,
          terms: 36,
          nominalInterestRate: 895,
          installmentCharges: 12_000,
          installmentChargePeriod: "QUARTERLY",
        }),
      },
      {
        creditorName: "FJORDKREDITT AS",
        loan: creditFacility({
          timestamp: day(clock, 1),
          creditLimit: 3_000_000,
          interestBearingBalance: 0,
          nonInterestBearingBalance: 158_730,
          nominalInterestRate: 2490,
          installmentCharges: 39_000,
          installmentChargePeriod: "YEARLY",
        }),
      },
      {
        creditorName: "KYSTKORT AS",
        loan: chargeCard({
          timestamp: day(clock, 4),
          interestBearingBalance: 0,
          nonInterestBearingBalance: 921_450,
        }),
      },
    ],
  },
  { nin: "05900099157", name: "Sunniva Myhre", creditors: () => [] },
]);

export const personOf = (nin) => PEOPLE.find((person) => person.nin === nin);

/** The body of a debt lookup; anyone who is not listed above has no debt. */
export function debtInformation(consent, clock) {
  const loans = personOf(consent.nin)?.creditors(clock) ?? [];
  const missing = loans.filter(({ loan }) => loan === null).length;
  return {
    ssn: consent.nin,
    loans,
    numberOfCreditorsAnswered: loans.length - missing,
    numberOfcreditorsMissing: missing, // the lower-case c is the real API's spelling
    consent: { exp: consent.exp, id: consent.id, scope: consent.scope },
  };
}
