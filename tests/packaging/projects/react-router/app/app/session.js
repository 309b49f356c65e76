import { createContext } from "react-router";

export const sessionContext = createContext(null);
