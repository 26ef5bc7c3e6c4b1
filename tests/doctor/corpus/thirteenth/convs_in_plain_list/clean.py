import torch
import torch.nn as nn
import torch.nn.functional as F


class TextCNN(nn.Module):
    def __init__(self, config):
        super(TextCNN, self).__init__()
        self.config = config
        self.embed = nn.Embedding(config["vocab"], config["emb"])
        self.convs = nn.ModuleList([nn.Conv1d(config["emb"], config["channels"], k) for k in config["kernels"]])
        self.dropout = nn.Dropout(config["dropout"])
        self.fc = nn.Linear(config["channels"] * len(config["kernels"]), 2)

    def forward(self, tokens):
        x = self.embed(tokens).transpose(1, 2)
        pooled = [F.relu(conv(x)).max(dim=2)[0] for conv in self.convs]
        return self.fc(self.dropout(torch.cat(pooled, dim=1)))


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    config = {"vocab": 12, "emb": 8, "channels": 6, "kernels": (3, 4, 5), "dropout": 0.3, "lr": 3e-3, "epochs": 6}
    torch.manual_seed(21)
    x = torch.randint(0, 12, (1000, 20))
    # label: does the bigram (3, 7) occur?
    pos = torch.randint(0, 19, (1000,))
    plant = torch.rand(1000) < 0.5
    rows = plant.nonzero().squeeze(1)
    x[rows, pos[rows]] = 3
    x[rows, pos[rows] + 1] = 7
    y = ((x[:, :-1] == 3) & (x[:, 1:] == 7)).any(1).long()
    x_tr, y_tr, x_te, y_te = x[:800], y[:800], x[800:], y[800:]

    model = TextCNN(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
    for epoch in range(config["epochs"]):
        model.train()
        for idx in torch.randperm(800).split(40):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x_tr[idx]), y_tr[idx])
            loss.backward()
            optimizer.step()
        print("epoch", epoch, "loss %.4f" % loss.item())
    print("test accuracy", accuracy(model, x_te, y_te))
