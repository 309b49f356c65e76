// The made-up people who can log in at the local HelseID, with the claims about them.
// HelseID "Claims": names that are addresses, levels that are texts; a subject is base64 with all of its marks.
// Refuses nothing: whether a level is enough is the application's to judge.

export const LEVEL = "helseid://claims/identity/security_level";
export const PID = "helseid://claims/identity/pid";

export const PEOPLE = [
  {
    sub: "bEJ2+kq/8Zs1cT0=",
    name: "GRØNN VITS",
    given_name: "GRØNN",
    middle_name: "",
    family_name: "VITS",
    [PID]: "13116900216",
    [LEVEL]: "4",
    hpr: "9144900",
  },
  { sub: "x/9+AbQd07eFfg==", name: "RØD LØK", given_name: "RØD", middle_name: "", family_name: "LØK", [PID]: "05898597468", [LEVEL]: "3" },
];
