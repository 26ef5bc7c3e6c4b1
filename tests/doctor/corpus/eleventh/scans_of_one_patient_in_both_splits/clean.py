import torch
import torch.nn as nn

torch.manual_seed(40)

n_patients, scans_per_patient, d = 50, 10, 24
diagnosis = torch.arange(n_patients) % 2
anatomy = torch.randn(n_patients, d) * 1.5
anatomy[:, 0] += 1.0 * diagnosis

patient_id = torch.arange(n_patients).repeat_interleave(scans_per_patient)
scans = anatomy[patient_id] + 0.4 * torch.randn(len(patient_id), d)
labels = diagnosis[patient_id]

# 80 / 20
perm = torch.randperm(n_patients)
in_val = torch.isin(patient_id, perm[:n_patients // 5])
val_idx, train_idx = in_val.nonzero().squeeze(1), (~in_val).nonzero().squeeze(1)
mu, sd = scans[train_idx].mean(0), scans[train_idx].std(0)
scans = (scans - mu) / sd

model = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(15):
    model.train()
    for idx in train_idx[torch.randperm(len(train_idx))].split(40):
        opt.zero_grad()
        loss = loss_fn(model(scans[idx]), labels[idx])
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        acc = (model(scans[val_idx]).argmax(1) == labels[val_idx]).float().mean().item()
    print("epoch %d  val acc %.3f" % (epoch + 1, acc))
