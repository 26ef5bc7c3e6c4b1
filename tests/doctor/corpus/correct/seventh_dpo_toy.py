"""Direct preference optimisation (Rafailov et al. 2023) on a toy language model.

Step 1: supervised training of a small causal LM on "a+b=" prompts with answers written out in several styles.
Step 2: DPO on pairs in which the ending "ok" is preferred to the ending "no".
"""
import copy
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, BOS, EOS = 0, 1, 2
VOCAB = ["<p>", "<b>", "<e>", "x", "y", "z", "?", "o", "k", "n", "!"]
IDX = {c: i for i, c in enumerate(VOCAB)}


class TinyLM(nn.Module):
    def __init__(self, v=len(VOCAB), d=48):
        super().__init__()
        self.emb = nn.Embedding(v, d, padding_idx=PAD)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(d, v)

    def forward(self, ids):
        h, _ = self.rnn(self.emb(ids))  # right padding cannot touch what comes before it
        return self.out(self.drop(h))


def prompt(rng):
    return "".join(rng.choice("xyz") for _ in range(rng.randint(2, 4))) + "?"


def answer(p, end):
    return p[-2::-1] + end  # the letters backwards, then the ending


def to_ids(p, a):
    ids = [BOS] + [IDX[c] for c in p + a] + [EOS]
    return torch.tensor(ids), 1 + len(p)


def collate(pairs):
    ids, starts = zip(*(to_ids(p, a) for p, a in pairs))
    ids = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PAD)
    labels = ids[:, 1:].clone()
    pos = torch.arange(1, ids.size(1))
    labels[(pos < torch.tensor(starts)[:, None]) | (labels == PAD)] = -100  # only the answer counts
    return ids[:, :-1], labels


def sequence_logps(model, ids, labels):
    logits = model(ids)
    mask = labels != -100
    lp = logits.log_softmax(-1).gather(2, labels.clamp(min=0).unsqueeze(2)).squeeze(2)
    return (lp * mask).sum(1)


def dpo_loss(pc, pr, rc, rr, beta):
    chosen, rejected = beta * (pc - rc), beta * (pr - rr)
    return -F.logsigmoid(chosen - rejected).mean(), (chosen > rejected).float().mean()


@torch.no_grad()
def generate(model, p, n=10):
    model.eval()
    ids = torch.tensor([[BOS] + [IDX[c] for c in p]])
    out = []
    for _ in range(n):
        nxt = torch.multinomial(model(ids)[:, -1].softmax(-1), 1)
        if nxt.item() == EOS:
            break
        out.append(VOCAB[nxt.item()])
        ids = torch.cat([ids, nxt], 1)
    return "".join(out)


def report(name, model, prompts):
    torch.manual_seed(0)
    outs = [(p, generate(model, p)) for p in prompts]
    ok = sum(o.endswith("ok!") for _, o in outs) / len(outs)
    right = sum(o[:len(p) - 1] == p[-2::-1] for p, o in outs) / len(outs)
    print(f"{name}: polite ending {ok:.2f}, correct content {right:.2f}")


@torch.no_grad()
def heldout(policy, ref, pairs, beta):
    policy.eval()
    c, r = (collate([(p, answer(p, e)) for p in pairs]) for e in ("ok!", "no!"))
    loss, acc = dpo_loss(sequence_logps(policy, *c), sequence_logps(policy, *r),
                         sequence_logps(ref, *c), sequence_logps(ref, *r), beta)
    return loss.item(), acc.item()


def main():
    rng = random.Random(0)
    torch.manual_seed(0)
    everything = sorted({prompt(rng) for _ in range(3000)})
    rng.shuffle(everything)
    test, train = everything[:30], everything[30:]

    policy = TinyLM()
    opt = torch.optim.Adam(policy.parameters(), lr=6e-3)
    policy.train()
    for step in range(150):
        batch = [(p, answer(p, rng.choice(["ok!", "no!"]))) for p in rng.choices(train, k=64)]
        ids, labels = collate(batch)
        loss = F.cross_entropy(policy(ids).flatten(0, 1), labels.flatten(), ignore_index=-100)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        opt.step()
    print(f"sft loss {loss.item():.3f}")
    report("sft", policy, test)

    ref = copy.deepcopy(policy).eval().requires_grad_(False)
    opt = torch.optim.AdamW(policy.parameters(), lr=5e-4, weight_decay=0.0)  # a new run: new optimizer state
    beta = 0.2
    for step in range(60):
        policy.eval()  # no dropout, so that the ratio to the reference starts at exactly one
        ps = rng.sample(train, 32)
        chosen, rejected = (collate([(p, answer(p, e)) for p in ps]) for e in ("ok!", "no!"))
        with torch.no_grad():
            rc, rr = sequence_logps(ref, *chosen), sequence_logps(ref, *rejected)
        loss, acc = dpo_loss(sequence_logps(policy, *chosen), sequence_logps(policy, *rejected), rc, rr, beta)
        if step == 0:
            assert abs(loss.item() - 0.6931) < 1e-3
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        opt.step()
        if step % 20 == 19:
            print(f"dpo step {step + 1}: loss {loss.item():.3f} reward accuracy {acc.item():.2f}")
    print("held-out prompts: dpo loss %.3f reward accuracy %.2f" % heldout(policy, ref, test, beta))
    report("dpo", policy, test)


if __name__ == "__main__":
    main()
