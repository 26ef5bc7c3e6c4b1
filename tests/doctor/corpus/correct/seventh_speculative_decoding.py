"""Speculative sampling (Leviathan et al. 2023; Chen et al. 2023) with two small LMs trained here."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

V, CTX = 7, 8


class MLPLM(nn.Module):
    """predicts the next symbol from a window of the last `ctx` ones (Bengio et al. 2003)"""

    def __init__(self, ctx, d, h):
        super().__init__()
        self.ctx = ctx
        self.emb = nn.Embedding(V, d)
        self.net = nn.Sequential(nn.Linear(ctx * d, h), nn.Tanh(), nn.Linear(h, V))

    def forward(self, ids):
        """ids: B x T with T >= ctx; logits for the symbol after every full window: B x (T - ctx + 1) x V"""
        w = self.emb(ids).unfold(1, self.ctx, 1)
        return self.net(w.permute(0, 1, 3, 2).flatten(2))


def source(n, seed):
    """an order-2 Markov source"""
    g = torch.Generator().manual_seed(11)
    table = (2.0 * torch.randn(V, V, V, generator=g)).softmax(-1).cumsum(-1)
    u = torch.rand(n, generator=torch.Generator().manual_seed(seed)).tolist()
    rows = table.tolist()
    a, b, out = 0, 1, []
    for r in u:
        cdf = rows[a][b]
        c = next((i for i, p in enumerate(cdf) if r < p), V - 1)
        out.append(c)
        a, b = b, c
    return torch.tensor(out)


def nll(model, ids):
    with torch.no_grad():
        logits = model(ids[None, :-1])[0]
        return F.cross_entropy(logits, ids[model.ctx:]).item()


def train(model, tr, va, steps, seed):
    g = torch.Generator().manual_seed(seed)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    best = (float("inf"), None)
    span = 64
    for step in range(1, steps + 1):
        at = torch.randint(0, len(tr) - span, (32, 1), generator=g)
        chunk = tr[at + torch.arange(span + 1)]
        logits = model(chunk[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), chunk[:, model.ctx:].flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 50 == 0:
            v = nll(model, va)
            if v < best[0]:
                best = (v, copy.deepcopy(model.state_dict()))
    model.load_state_dict(best[1])
    return best[0]


def probs(model, ids, last):
    """distributions of the next symbol at the last `last` positions"""
    return model(ids[None, -(model.ctx + last - 1):])[0].softmax(-1)


@torch.no_grad()
def speculative(target, draft, ids, n, gamma):
    start, proposed, accepted, calls = len(ids), 0, 0, 0
    while len(ids) - start < n:
        seq, q = ids, []
        for _ in range(gamma):
            d = probs(draft, seq, 1)[0]
            q.append(d)
            seq = torch.cat([seq, torch.multinomial(d, 1)])
        p = probs(target, seq, gamma + 1)  # one call of the large model judges all the proposals
        calls += 1
        base = len(ids)
        for i in range(gamma):
            x = seq[base + i]
            proposed += 1
            if torch.rand(()) < p[i, x] / q[i][x]:
                ids = torch.cat([ids, x[None]])
                accepted += 1
            else:
                rest = (p[i] - q[i]).clamp(min=0)
                ids = torch.cat([ids, torch.multinomial(rest / rest.sum(), 1)])
                break
        else:
            ids = torch.cat([ids, torch.multinomial(p[gamma], 1)])
    return ids[start:start + n], accepted / proposed, (len(ids) - start) / calls


@torch.no_grad()
def direct(target, ids, n):
    start = len(ids)
    for _ in range(n):
        ids = torch.cat([ids, torch.multinomial(probs(target, ids, 1)[0], 1)])
    return ids[start:]


def bigram(x):
    return torch.bincount(x[:-1] * V + x[1:], minlength=V * V).float() / (len(x) - 1)


def main():
    torch.manual_seed(0)
    tr, va, te = source(16000, 1), source(3000, 2), source(3000, 3)
    target, draft = MLPLM(CTX, 8, 64), MLPLM(1, 8, 16)
    for name, m, steps in (("target", target, 250), ("draft", draft, 150)):
        v = train(m, tr, va, steps, seed=5)
        m.eval()
        print(f"{name}: validation nll {v:.4f}, test nll {nll(m, te):.4f}")

    prefix, n = te[:CTX], 1000
    spec, rate, per_call = speculative(target, draft, prefix, n, gamma=3)
    plain, again = direct(target, prefix, n), direct(target, prefix, n)
    tv = lambda a, b: 0.5 * (bigram(a) - bigram(b)).abs().sum().item()
    print(f"accepted {rate:.2f} of the proposals, {per_call:.2f} symbols per call of the target")
    print(f"bigram distance speculative to direct {tv(spec, plain):.3f}, direct to direct {tv(again, plain):.3f}")
    small = direct(draft, prefix, n)
    print(f"draft alone to direct {tv(small, plain):.3f}")


if __name__ == "__main__":
    main()
