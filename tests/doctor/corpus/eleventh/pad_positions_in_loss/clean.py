import random

import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, BOS, EOS = 0, 1, 2
VOCAB = {"<pad>": PAD, "<bos>": BOS, "<eos>": EOS, "C": 3, "N": 4, "O": 5, "(": 6, ")": 7, "=": 8}
MAX_LEN = 40


def random_molecule(rng, depth=0):
    """Toy SMILES: a chain of atoms with a few branches and double bonds."""
    out = []
    for i in range(rng.randint(2, 4)):
        if i and rng.random() < 0.2:
            out.append("=")
        out.append(rng.choice("CCCNO"))
        if depth < 2 and rng.random() < 0.25:
            out += ["("] + random_molecule(rng, depth + 1) + [")"]
    return out


def encode(mol):
    ids = [BOS] + [VOCAB[c] for c in mol][: MAX_LEN - 2] + [EOS]
    return ids + [PAD] * (MAX_LEN - len(ids))


class SmilesLM(nn.Module):
    def __init__(self, vocab=len(VOCAB), emb=24, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb, padding_idx=PAD)
        self.gru = nn.GRU(emb, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, ids):
        h, _ = self.gru(self.embed(ids))
        return self.out(h)


def loss_function(logits, targets):
    return F.cross_entropy(logits.reshape(-1, logits.size(-1)), targets.reshape(-1), ignore_index=PAD)


def main():
    torch.manual_seed(6)
    rng = random.Random(6)
    data = torch.tensor([encode(random_molecule(rng)) for _ in range(900)])
    train, valid = data[:750], data[750:]
    model = SmilesLM()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(1, 6):
        model.train()
        for idx in torch.randperm(len(train)).split(50):
            ids = train[idx]
            loss = loss_function(model(ids[:, :-1]), ids[:, 1:])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            val = loss_function(model(valid[:, :-1]), valid[:, 1:])
        print(f"epoch {epoch} train {loss.item():.3f} valid {val.item():.3f} ppl {val.exp().item():.2f}")


if __name__ == "__main__":
    main()
