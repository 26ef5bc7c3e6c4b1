import torch as t, torch.nn as nn, torch.nn.functional as F

t.manual_seed(2)
E, B, W, LR = 12, 32, 40, 1e-2
V, K = 30, 3                                    # vocabulary, classes

topic = t.randint(0, K, (900,))
base = F.one_hot(t.arange(V) % K, K).float().T * 2
docs = t.distributions.Categorical(logits=base[topic]).sample((15,)).T
docs[t.rand(900, 15) < .5] = 0
a, b = slice(0, 700), slice(700, 900)
m = nn.Sequential(nn.EmbeddingBag(V, 32, mode="mean"), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, K))
o = t.optim.Adam(m.parameters(), lr=LR)
n = len(docs[a]) // B * E


def rate(k):
    return LR * min((k + 1) / W, max(0., (n - k) / (n - W)))


for e in range(E):
    m.train()
    k = 0
    for i in t.randperm(len(docs[a])).split(B):
        if len(i) < B:
            continue
        for g in o.param_groups:
            g["lr"] = rate(k)
        l = F.cross_entropy(m(docs[a][i]), topic[a][i])
        o.zero_grad(); l.backward(); o.step()
        k += 1
m.eval()
with t.no_grad():
    p = m(docs[b])
    print("ce %.4f acc %.3f" % (F.cross_entropy(p, topic[b]), (p.argmax(1) == topic[b]).float().mean()))
