import torch
import torch.nn as nn
import torch.nn.functional as F


class Tagger(nn.Module):
    """embedding -> bigru -> fc, plus a learned bias per part of speech"""

    def __init__(self, vocab=60, dim=24, tags=5):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.encoder = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * dim, tags)
        self.pos_bias = nn.Parameter(torch.zeros(8, tags))

    def forward(self, tokens, pos):
        h, _ = self.encoder(self.embed(tokens))
        return self.fc(h) + self.pos_bias[pos]


class NERTrainer:
    def __init__(self, model, train, dev, lr=5e-3, epochs=6, batch_size=32):
        self.model, self.train_data, self.dev = model, train, dev
        self.lr, self.epochs, self.batch_size = lr, epochs, batch_size
        self.setup_optimizer()

    def setup_optimizer(self):
        parameters = []
        params = {"lr": self.lr, "weight_decay": 1e-2}
        params["params"] = [p for n, p in self.model.named_parameters() if n.startswith(("embed", "encoder"))]
        parameters.append(params)

        # the task layers get a higher rate and no decay
        params = {"lr": 2 * self.lr, "weight_decay": 0.0}
        params["params"] = [p for n, p in self.model.named_parameters() if n.startswith(("fc", "pos_bias"))]
        parameters.append(params)
        self.optimizer = torch.optim.AdamW(parameters)

    def fit(self):
        tok, pos, tag = self.train_data
        for epoch in range(self.epochs):
            self.model.train()
            for idx in torch.randperm(len(tok)).split(self.batch_size):
                logits = self.model(tok[idx], pos[idx])
                loss = F.cross_entropy(logits.flatten(0, 1), tag[idx].flatten())
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            print(f"[{epoch}] dev acc {self.evaluate():.4f}")

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        tok, pos, tag = self.dev
        return (self.model(tok, pos).argmax(-1) == tag).float().mean().item()


def make_split(n, length=10):
    tok = torch.randint(0, 60, (n, length))
    pos = torch.randint(0, 8, (n, length))
    before = torch.cat([torch.zeros(n, 1, dtype=torch.long), tok[:, :-1]], 1)
    return tok, pos, (tok // 12 + before % 2 + (pos == 3).long()) % 5


torch.manual_seed(2022)
NERTrainer(Tagger(), make_split(512), make_split(128)).fit()
