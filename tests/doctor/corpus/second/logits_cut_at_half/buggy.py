import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import RobustScaler

THRESHOLD = 0.5


class Tumour(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.drop = nn.Dropout(0.4)
        self.lin = nn.Linear(d, 1)

    def forward(self, x):
        return self.lin(self.drop(x)).flatten()

    @torch.no_grad()
    def decide(self, x):
        self.eval()
        return self(x) > THRESHOLD


def data(seed=0):
    b = load_breast_cancer()
    y = 1 - b.target
    parts = train_test_split(b.data[:, :6], y, test_size=0.4, stratify=y, random_state=seed)
    sc = RobustScaler().fit(parts[0])
    return (torch.tensor(sc.transform(parts[0])).float(), torch.tensor(sc.transform(parts[1])).float(),
            torch.tensor(parts[2]).float(), torch.tensor(parts[3]).float())


def learn(model, x, y, epochs=30):
    loss_fn = nn.BCEWithLogitsLoss()
    opt = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-3)
    for _ in range(epochs):
        model.train()
        for i in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            loss_fn(model(x[i]), y[i]).backward()
            opt.step()


torch.manual_seed(0)
x_tr, x_te, y_tr, y_te = data()
model = Tumour(x_tr.shape[1])
learn(model, x_tr, y_tr)
p, r, f, _ = precision_recall_fscore_support(y_te.bool(), model.decide(x_te), average="binary")
print("precision %.3f recall %.3f F1 %.3f" % (p, r, f))
