// The debt, set for reading: a total, then each creditor with what it means for the person.
// Norsk Gjeldsinformasjon, debt_information: money is NOK x 100, interest per cent x 100, `loan: null` means no answer.
// Refuses to add what is unknown: a creditor without an answer is named, and the total says that it may be too low.
import { h } from "./dom.mjs";
import { hasText, money, percent, t } from "./language.mjs";

const number = (value) => (Number.isSafeInteger(value) ? value : 0);
const known = new Set(["creditFacility", "repaymentLoan", "chargeCard"]);

/** What is owed on one loan, in øre, and how much of it bears interest. */
export function owed(loan) {
  if (loan.type === "repaymentLoan") return { all: number(loan.balance), bearing: number(loan.balance) };
  const bearing = number(loan.interestBearingBalance);
  return { all: bearing + number(loan.nonInterestBearingBalance), bearing };
}

export function totals(loans) {
  const sum = { all: 0, bearing: 0, limits: 0 };
  for (const { loan } of loans) {
    if (!loan) continue;
    const { all, bearing } = owed(loan);
    sum.all += all;
    sum.bearing += bearing;
    sum.limits += number(loan.creditLimit);
  }
  return sum;
}

function particulars(loan) {
  const list = [];
  if (Number.isSafeInteger(loan.nominalInterestRate)) list.push(t("loan.rate", { rate: percent(loan.nominalInterestRate) }));
  if (number(loan.creditLimit) > 0) list.push(t("loan.limit", { amount: money(loan.creditLimit) }));
  if (number(loan.originalBalance) > 0) list.push(t("loan.original", { amount: money(loan.originalBalance) }));
  if (number(loan.terms) > 0) list.push(t("loan.terms", { terms: loan.terms }));
  if (loan.type !== "repaymentLoan" && number(loan.nonInterestBearingBalance) > 0)
    list.push(t("loan.interestfree", { amount: money(loan.nonInterestBearingBalance) }));
  const charge = `loan.charge.${loan.installmentChargePeriod}`;
  if (number(loan.installmentCharges) > 0 && hasText(charge)) list.push(t(charge, { amount: money(loan.installmentCharges) }));
  if (number(loan.coBorrower) > 0) list.push(t("loan.shared"));
  return list;
}

function creditor({ creditorName = "–", loan }) {
  if (!loan) {
    return h("li.creditor.missing", {}, h("h3", {}, creditorName), h("p.amount", {}, t("loan.missing")), h("p", {}, t("loan.missing.help")));
  }
  const kind = known.has(loan.type) ? t(`loan.${loan.type}`) : t("loan.other");
  return h(
    "li.creditor",
    {},
    h("h3", {}, creditorName),
    h("p.amount", {}, money(owed(loan).all)),
    h("p.kind", {}, kind),
    h(
      "ul.particulars",
      {},
      particulars(loan).map((text) => h("li", {}, text)),
    ),
  );
}

export function debtView(debt) {
  const loans = debt.loans ?? [];
  if (loans.length === 0) return [h("p.empty", {}, t("result.empty"))];
  const sum = totals(loans);
  const missing = loans.filter(({ loan }) => !loan).length;
  return [
    h(
      "section.total",
      { "aria-labelledby": "total-name" },
      h("h2", { id: "total-name" }, t("result.total")),
      h("p.sum", {}, money(sum.all)),
      h(
        "p.answered",
        {},
        t("result.answered", { answered: loans.length - missing, all: loans.length }),
        missing > 0 && h("strong", {}, ` ${t("result.missing")}`),
      ),
      h(
        "dl.parts",
        {},
        h("div", {}, h("dt", {}, t("result.interest")), h("dd", {}, money(sum.bearing))),
        sum.limits > 0 && h("div", {}, h("dt", {}, t("result.limits")), h("dd", {}, money(sum.limits))),
      ),
    ),
    h(
      "section",
      { "aria-labelledby": "creditors-name" },
      h("h2.hidden", { id: "creditors-name" }, t("result.list")),
      h("ul.creditors", {}, loans.map(creditor)),
    ),
  ];
}
