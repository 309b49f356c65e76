"use client";
import { useEffect, useState } from "react";
import { flow } from "../flow.js";

export default function Page() {
  const [line, show] = useState("");
  useEffect(() => show(flow()), []);
  return <output id="result">{line}</output>;
}
