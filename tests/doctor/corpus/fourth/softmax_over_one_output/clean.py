import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(17)

features, diagnosis = load_breast_cancer(return_X_y=True)
train_f, test_f, train_d, test_d = train_test_split(
    features, diagnosis, test_size=0.2, random_state=17, stratify=diagnosis
)
scaler = StandardScaler()
train_f = torch.tensor(scaler.fit_transform(train_f), dtype=torch.float)
test_f = torch.tensor(scaler.transform(test_f), dtype=torch.float)
train_d = torch.tensor(train_d, dtype=torch.float).view(-1, 1)
test_d = torch.tensor(test_d, dtype=torch.float).view(-1, 1)


class DiagnosisNet(nn.Module):
    def __init__(self, n_in, n_hidden=24):
        super().__init__()
        self.hidden = nn.Linear(n_in, n_hidden)
        self.act = nn.LeakyReLU(0.1)
        self.output = nn.Linear(n_hidden, 1)
        self.prob = nn.Sigmoid()

    def forward(self, x):
        x = self.act(self.hidden(x))
        return self.prob(self.output(x))


def accuracy(net, f, d):
    net.eval()
    with torch.no_grad():
        return ((net(f) >= 0.5).float() == d).float().mean().item()


net = DiagnosisNet(train_f.shape[1])
loss_function = nn.BCELoss()
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)
n_batches = 12

for epoch in range(1, 16):
    net.train()
    epoch_loss = 0.0
    for rows in torch.randperm(len(train_f)).chunk(n_batches):
        prob = net(train_f[rows])
        loss = loss_function(prob, train_d[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(rows)
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d}: loss {epoch_loss / len(train_f):.4f}, test acc {accuracy(net, test_f, test_d):.4f}")
